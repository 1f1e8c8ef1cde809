//! finqa-env
