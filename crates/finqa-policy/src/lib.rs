//! finqa-policy
