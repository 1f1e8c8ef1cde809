"""What is known of tools, arguments and fields without a map."""

__all__ = [
    "ARGUMENTS",
    "DEFAULT_ARGUMENTS",
    "DEFAULT_EMPTY",
    "DEFAULT_ERRORS",
    "DEFAULT_FIELDS",
    "DEFAULT_TOOLS",
    "FIELDS",
    "KINDS",
]

KINDS = (
    "list_tables", "table_info", "sql_query", "calculator", "submit_answer", "other",
)  # fmt: skip
"""What a tool can do; ``other`` is any tool that the checks do not speak of."""
ARGUMENTS = ("company", "table", "sql", "expression", "answer")
"""What an argument can hold."""
FIELDS = (
    "id", "question", "truth", "model", "reward", "correct", "submission", "prompt_tokens",
    "completion_tokens", "step",
)  # fmt: skip
"""What a record can say besides its conversation."""

DEFAULT_TOOLS: dict[str, tuple[str, ...]] = {
    "list_tables": (
        "get_table_names", "get_descriptions", "list_tables", "list_table_names", "get_tables",
        "show_tables", "sql_db_list_tables",
    ),
    "table_info": (
        "get_table_info", "table_info", "describe_table", "describe", "get_schema",
        "get_table_schema", "sql_db_schema",
    ),
    "sql_query": (
        "sql_query", "run_sql", "execute_sql", "run_query", "execute_query", "query_database",
        "query", "sql", "sql_db_query",
    ),
    "calculator": ("calculator", "calculate", "calc"),
    "submit_answer": (
        "submit_answer", "submit", "final_answer", "finish", "give_answer", "answer",
    ),
    "other": (),
}  # fmt: skip
DEFAULT_ARGUMENTS: dict[str, tuple[str, ...]] = {
    "company": ("company_name", "company", "ticker", "company_slug", "database", "db"),
    "table": ("table_name", "table", "table_names", "tables"),
    "sql": ("query", "sql", "sql_query", "statement", "sql_statement"),
    "expression": ("expression", "expr", "formula", "equation"),
    "answer": ("answer", "final_answer", "response", "result", "value"),
}
DEFAULT_ERRORS = (
    r"\A\s*\(?(?:\w+\.)*\w*(?:Error|Exception)\b(?!\s*[|,\t])",  # no heading of a column
    r"\A\s*(?:ERROR|error|FATAL|Failed|Failure)\b(?!\s*[|,\t])",
    r"Traceback \(most recent call last\)",
    r"\A\s*(?:[Nn]o such|[Uu]nknown) (?:table|column|function|company|tool)\b",
    r"\A\s*(?:Binder|Catalog|Parser|Conversion|Constraint|Invalid Input) Error\b",
    r"\A\s*near \".*\": syntax error",
    r"\A\s*(?:Invalid|Could not|Cannot|Unable to)\b",
)
DEFAULT_EMPTY = (
    r"\A\s*\Z",
    r"(?i)\A\s*(?:none|null|nil|n/a)\s*\Z",
    r"(?i)\A\W*(?:no|0|zero)\s+(?:matching\s+|data\s+)?"
    r"(?:rows?|results?|records?|matches|data|entries)\b[^\n]{0,60}\Z",
    r"(?i)\A\W*(?:the )?(?:query|result|result set)?\s*(?:returned|is|was)?\s*"
    r"(?:no rows|nothing|empty)\b[^\n]{0,60}\Z",
    r"(?i)\A\s*empty (?:dataframe|set|result)",
)
DEFAULT_FIELDS: dict[str, tuple[str, ...]] = {
    "id": (
        "task_id", "question_id", "sample_id", "example_id", "instance_id", "uid", "id",
        "extra_info.index", "info.id",
    ),
    "question": ("question", "user_query", "extra_info.question", "info.question"),
    "truth": (
        "truth", "ground_truth", "expected_answer", "reference_answer", "gold_answer", "expected",
        "gold", "reference", "target", "answer", "reward_model.ground_truth", "info.answer",
    ),
    "model": ("model", "model_name", "policy", "agent", "checkpoint"),
    "reward": ("reward", "score", "total_reward", "rewards"),
    "correct": ("is_correct", "correct", "success", "passed", "is_success"),
    "submission": ("submission", "final_answer", "prediction", "predicted_answer"),
    "prompt_tokens": ("num_prompt_tokens", "prompt_tokens", "usage.prompt_tokens", "input_tokens"),
    "completion_tokens": (
        "num_completion_tokens", "completion_tokens", "usage.completion_tokens", "output_tokens",
    ),
    "step": ("policy_step", "global_step", "step", "iteration", "training_step"),
}  # fmt: skip
