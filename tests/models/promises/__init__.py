"""The table of every promised date, by the part of a life it belongs to."""
