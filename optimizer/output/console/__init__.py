"""What a person sees on the terminal: a module for each command."""
