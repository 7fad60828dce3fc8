"""CRM: touches with sources, and tasks about them; never a patient's."""
