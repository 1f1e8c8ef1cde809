# /// script
# requires-python = ">=3.10"
# dependencies = ["finqa-gym[mcp]"]
# ///
"""The tools of a corpus over MCP, asked by the official SDK's client as an agent would.

Run: python examples/mcp_client.py
"""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

# What an agent's configuration has under "command" and "args".
SERVER = StdioServerParameters(
    command=sys.executable,
    args=["-m", "finqa_gym", "serve", "--mcp", "--corpus", "synthetic:0:tiny"],
    env=dict(os.environ),
)


async def main() -> None:
    """A server of its own, which ends with the client."""
    with Path(os.devnull).open("w") as quiet:
        await use(stdio_client(SERVER, errlog=quiet))


async def use(transport: Any) -> None:
    """From the list of companies to rows of a table."""
    async with Client(transport) as client:
        tools = (await client.list_tools()).tools
        print("tools:", ", ".join(tool.name for tool in tools))

        async def ask(tool: str, **arguments: Any) -> tuple[str, bool]:
            result = await client.call_tool(tool, arguments)
            [content] = result.content
            return content.text, result.is_error

        companies, _ = await ask("list_companies", limit=3)
        company = json.loads(companies.split("\n")[0])[0]
        tables, _ = await ask("get_table_names", company_name=company)
        table = json.loads(tables)[0]
        info, _ = await ask("get_table_info", company_name=company, table_name=table)
        columns = json.loads(info)["column_names"]
        print(f"{company} / {table}: {columns}")
        query = f'SELECT "{columns[0]}", "{columns[-1]}" FROM "{table}" LIMIT 2'
        rows, _ = await ask("sql_query", company_name=company, table_name=table, query=query)
        print("rows:", rows)
        text, is_error = await ask("get_table_names", company_name=company[:-1])
        print(f"isError {is_error}: {text}")


asyncio.run(main())
