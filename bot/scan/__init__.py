"""Files on this machine that name images: found in folders, and read."""
