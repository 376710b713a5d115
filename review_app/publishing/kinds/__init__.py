"""The kinds of targets, one file each, all with the face of `face.py`."""
