"""The made-up office of the demonstration: data only; `gateway.cli.demo` brings it to life."""
