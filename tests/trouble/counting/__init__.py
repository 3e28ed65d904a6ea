"""An app of the tests of trouble: jobs that write down each of their calls, and one that kills its process."""
