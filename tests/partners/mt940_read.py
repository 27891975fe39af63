"""Reads MT940 on standard input with the package mt-940; prints balances and lines as JSON."""

import json
import sys

import mt940

statement = mt940.parse(sys.stdin.read())


def line(transaction):
    data = transaction.data
    # The package leaves the sign of a credit that is reversed (RC) to its reader: it is money that goes out.
    amount = -data["amount"].amount if data["status"] == "RC" else data["amount"].amount
    return {
        "amount": f"{amount:.2f}",
        "currency": data["currency"],
        "value_on": str(data["date"]),
        "end_to_end": data.get("end_to_end_reference"),
        "reference": data.get("bank_reference") or None,
        "text": data.get("purpose") or "",
    }


def balance(name):
    amount = statement.data[name].amount
    return f"{amount.amount:.2f}"


json.dump(
    {
        "opening": balance("final_opening_balance"),
        "closing": balance("final_closing_balance"),
        "lines": [line(transaction) for transaction in statement],
    },
    sys.stdout,
)
