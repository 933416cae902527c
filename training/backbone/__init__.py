"""The training of Spotter's feature extractor on pictures that a program draws."""
