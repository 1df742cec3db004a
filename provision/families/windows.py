"""Kind of PC: Windows 10 and 11 with OpenSSH and their own Windows PowerShell 5.1, without further modules."""

from __future__ import annotations

import base64

from provision.core.pc_family import PcFamily

BOOTSTRAP = """$ProgressPreference = 'SilentlyContinue'
$reader = New-Object IO.StreamReader([Console]::OpenStandardInput(), (New-Object Text.UTF8Encoding $false))
$TASK = ConvertFrom-Json $reader.ReadLine()
& ([ScriptBlock]::Create($reader.ReadToEnd()))
"""  # the program itself comes on standard input

OUTBOX = """$ProgressPreference = 'SilentlyContinue'
[Console]::OutputEncoding = New-Object Text.UTF8Encoding $false
$asked = @([Console]::In.ReadLine().Split(' '))
$files = @(Get-ChildItem -ErrorAction SilentlyContinue "$env:ProgramData\\Kit\\outbox\\*.json" | Sort-Object Name)
foreach ($file in $files) {
    if ($file.Length -gt 1MB) { continue }
    if ([long]@($file.BaseName.Split('-'))[-1] -gt [long]$asked[1]) {
        [Console]::Out.WriteLine([IO.File]::ReadAllText($file.FullName))
    }
}
[Console]::Out.WriteLine("end $($asked[0])")
"""


def encoded(script: str) -> str:
    """Return the command line that runs `script` in PowerShell, in base64 so that no default shell alters it."""
    powershell = "powershell -NoLogo -NoProfile -NonInteractive -ExecutionPolicy Bypass"
    return f"{powershell} -EncodedCommand {base64.b64encode(script.encode('utf-16-le')).decode()}"


FAMILY = PcFamily(
    name="windows",
    title="Windows 10, 11",
    feed=encoded(BOOTSTRAP),
    as_root="",
    language="powershell",
    ansible_shell="powershell",
    zones={
        "Asia/Makassar": "Singapore Standard Time",
        "Asia/Jakarta": "SE Asia Standard Time",
        "Asia/Jayapura": "Tokyo Standard Time",
    },
    collector="windows/collector.ps1",
    live="",
    baseline="windows/baseline.ps1",
    report="windows/report.ps1",
    outbox=encoded(OUTBOX),
    program="",
    feed_archive="",
)
