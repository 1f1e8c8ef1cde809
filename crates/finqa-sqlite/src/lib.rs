//! finqa-sqlite
