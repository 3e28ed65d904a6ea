"""An upload as it comes in: written to the disk piece by piece and summed, never whole in memory, up to a limit."""

import hashlib
import os
import tempfile
from pathlib import Path
from typing import IO, Any

from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

FIELD = "file"
BEGIN = 4_096
COMING = ".coming-"


class Received(FileUploadHandler):
    """The one file of a form. Whoever takes it moves ``path`` away; :meth:`discard` removes what nobody took."""

    chunk_size = 256 * 1024

    def __init__(self, folder: Path, most: int) -> None:
        super().__init__()
        self.folder, self.most = folder, most
        self.path: Path | None = None
        self.name = ""
        self.size = 0
        self.begin = b""
        self.too_big = False
        self.failed = ""
        self._sum = hashlib.sha256()
        self._open: IO[bytes] | None = None

    @property
    def sha256(self) -> str:
        return self._sum.hexdigest()

    def new_file(self, field_name: str, file_name: str, *args: Any, **kwargs: Any) -> None:
        super().new_file(field_name, file_name, *args, **kwargs)
        self._taken = field_name == FIELD and self.path is None
        if self._taken:
            self.name = file_name
            self._make()

    def _make(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            number, path = tempfile.mkstemp(dir=self.folder, prefix=COMING)
        except OSError as error:
            self._fail(error)
        else:
            self.path, self._open = Path(path), os.fdopen(number, "wb")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:  # noqa: ARG002
        if not self._taken or self._open is None:
            return
        self.size += len(raw_data)
        if self.size > self.most:
            self.too_big = True
            raise StopUpload(connection_reset=False)
        self.begin += raw_data[: BEGIN - len(self.begin)]
        self._sum.update(raw_data)
        try:
            self._open.write(raw_data)
        except OSError as error:
            self._fail(error)

    def _fail(self, error: OSError) -> None:
        """Such as a disk that is full."""
        self.failed = error.strerror or str(error)
        raise StopUpload(connection_reset=False)

    def file_complete(self, file_size: int) -> UploadedFile | None:
        if not self._taken or self._open is None:
            return None
        self._open.flush()
        os.fsync(self._open.fileno())
        self._open.close()
        return UploadedFile(self._open, self.name, size=file_size)

    def discard(self) -> None:
        if self._open is not None:
            self._open.close()
        if self.path is not None:
            self.path.unlink(missing_ok=True)
