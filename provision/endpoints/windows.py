"""Windows 10 and 11 with OpenSSH: Windows PowerShell 5.1, which is there, and no module beside."""

from __future__ import annotations

import base64

from provision.endpoints import Endpoint

BOOTSTRAP = """$ProgressPreference = 'SilentlyContinue'
$reader = New-Object IO.StreamReader([Console]::OpenStandardInput(), (New-Object Text.UTF8Encoding $false))
& ([ScriptBlock]::Create($reader.ReadToEnd()))
"""  # whatever the default shell is, base64 passes it unharmed; the program itself comes on standard input

POWERSHELL = "powershell -NoLogo -NoProfile -NonInteractive -ExecutionPolicy Bypass"

ENDPOINT = Endpoint(
    name="windows",
    title="Windows 10, 11",
    feed=f"{POWERSHELL} -EncodedCommand " + base64.b64encode(BOOTSTRAP.encode("utf-16-le")).decode(),
    as_root="",
    language="powershell",
    zones={
        "Asia/Makassar": "Singapore Standard Time",
        "Asia/Jakarta": "SE Asia Standard Time",
        "Asia/Jayapura": "Tokyo Standard Time",
    },
    collector="collectors/windows.ps1",
    live="",
    baseline="endpoint/windows.ps1",
    report="endpoint/report.ps1",
    outbox=f'{POWERSHELL} -Command "$n = [Console]::In.ReadLine(); Get-ChildItem $env:ProgramData/Kit/outbox/*.json | '
    "Where-Object { [long]$_.BaseName.Split('-')[-1] -gt [long]'{after}' } | "
    "ForEach-Object { [IO.File]::ReadAllText($_.FullName) }; 'end ' + $n\"",
    program="",
    feed_archive="",
)
