"""The engine: one declaration of a resource gives every door to its records.

``declaration`` says what a resource is; ``resolver`` which fields a reader may use; ``filters`` and
``query`` what is asked for; ``gateway`` reads; ``service`` writes.
"""
