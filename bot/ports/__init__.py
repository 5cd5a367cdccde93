"""What the verbs need from outside, as protocols that adapters implement."""
