//! The policy format as a JSON schema, for editors: `docs/schema/covenant.schema.json`.
