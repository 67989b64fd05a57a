"""Customers and their groups, the people there, and the calls, visits and tasks with them."""
