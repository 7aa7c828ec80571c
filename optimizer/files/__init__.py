"""Files as such: locks, folders that change whole or not at all, what may be read at all."""
