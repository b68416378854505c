"""What bench/hunt.py lets loose on the product: each module an attack, or what it reckons with."""
