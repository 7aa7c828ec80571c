"""Where another proxy helps most (S6, S7), and which of today's could go."""
