"""The product's settings, on a database and a data folder of the test run's own."""

import os
from pathlib import Path

from tests.folder import own_folder

os.environ["LEITSTAND_DATA"] = own_folder()
os.environ.setdefault("LEITSTAND_SECRET_KEY", "only-for-tests")

from dashboard.settings import *  # noqa: F403
from dashboard.settings import DATA_DIR, DATABASES, STATIC_ROOT, STORAGES

NO_WORKER_SECONDS = 0  # no thread that watches: tests of it look by themselves
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STATIC_ROOT.mkdir(parents=True, exist_ok=True)  # WhiteNoise warns of a folder that is missing, and warnings are errors
STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: threads and processes of a test see the same rows, as they do in the product.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(DATA_DIR) / "test.sqlite3")}
    # Nothing of a test run has to outlive a power cut.
    DATABASES["default"]["OPTIONS"]["init_command"] += "PRAGMA synchronous=OFF;"
CONFIRM_A_SECOND = 0  # what lists show is compared with workflows where a test is about that
