"""Parts of a computation, to the same bits as the whole: what lazy arrays and streams share."""
