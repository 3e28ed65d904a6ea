"""The workflows of the contract, a file each: the sandbox loads the file, and this one, again for each run."""
