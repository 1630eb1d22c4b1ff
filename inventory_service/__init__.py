"""The inventory service of Quartermaster: it knows the fleet, decides and records."""
