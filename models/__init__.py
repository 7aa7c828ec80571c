"""The nouns: what is given, what is asked, what is answered."""
