"""The only place with SQL: opening and unlocking, migrations, the edit log, the tables it adds up to, search."""
