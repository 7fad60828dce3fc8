"""One file per provider, behind one small contract and one registry each."""
