//! finqa-data
