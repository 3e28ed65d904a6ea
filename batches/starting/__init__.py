"""How a batch is started on the site: its items are chosen and looked at, it is filled in, ordered, and begun."""
