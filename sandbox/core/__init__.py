"""What every simulated vendor stands on: provider protocol, rules, inventory, faults. Knows no vendor."""
