"""The zone's database: engines, base class and column types, migrations."""
