"""The steps of a referral's life, one file each; they know the desk and the models only."""
