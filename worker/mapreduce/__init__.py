"""How a MapReduce is prepared, its chunks are mapped and its partial results reduced, with what lies on disk."""
