"""The same done with many records: previewed, carried out within the actor's rights, taken back."""
