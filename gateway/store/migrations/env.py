"""Alembic's entry: runs on the connection that `gateway.store.migrate` hands over."""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=context.config.attributes["metadata"],
    # Both databases roll a half-run migration back; SQLite does once we say BEGIN ourselves.
    transactional_ddl=True,
    compare_type=True,
)
with context.begin_transaction():
    context.run_migrations()
