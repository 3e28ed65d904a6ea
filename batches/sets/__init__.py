"""Data sets by reference on the site: their rows, their pages, how one is started here and cancelled."""
