"""The documentation: pages written by hand beside this file, and those made from the program."""
