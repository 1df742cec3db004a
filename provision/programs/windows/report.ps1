# Laid down as C:\ProgramData\Kit\report.ps1 behind the collector; run each day by the scheduled task KitReport.
# Leaves one signed file in the outbox, and in the office's drop where there is one and it can be reached.
$FOLDER = "$env:ProgramData\Kit"
$KEPT = 14
$config = ConvertFrom-Json ([IO.File]::ReadAllText("$FOLDER\report.json"))
$null = New-Item -ItemType Directory -Force -Path "$FOLDER\outbox"

function Write-Through([string]$Path, [string]$Text) {
    # Write a file whole and through to the disk: sites lose their power.
    $bytes = (New-Object Text.UTF8Encoding $false).GetBytes($Text)
    $file = New-Object IO.FileStream "$Path.new", 'Create', 'Write', 'None'
    try { $file.Write($bytes, 0, $bytes.Length); $file.Flush($true) } finally { $file.Dispose() }
    if (Test-Path -LiteralPath $Path) { [IO.File]::Replace("$Path.new", $Path, [NullString]::Value) }
    else { [IO.File]::Move("$Path.new", $Path) }
}

# A number is never given twice: behind the kept one, and behind the highest that lies in the outbox.
$last = 0
foreach ($text in @(Get-Said { [IO.File]::ReadAllText("$FOLDER\counter") }) + @(Get-ChildItem "$FOLDER\outbox\*.json" | ForEach-Object { $_.BaseName.Split('-')[-1] })) {
    [long]$number = 0
    if ([long]::TryParse([string]$text, [ref]$number) -and $number -gt $last) { $last = $number }
}
$counter = $last + 1
Write-Through "$FOLDER\counter" "$counter"
$body = ConvertTo-Json (Get-Collected @($config.apps)) -Depth 6 -Compress
$at = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()
$utf8 = New-Object Text.UTF8Encoding $false
$key = New-Object byte[] ($config.key.Length / 2)
for ($n = 0; $n -lt $key.Length; $n++) { $key[$n] = [Convert]::ToByte($config.key.Substring(2 * $n, 2), 16) }
$hmac = New-Object Security.Cryptography.HMACSHA256 (, $key)
$mac = -join ($hmac.ComputeHash($utf8.GetBytes("$($config.tag)`n$counter`n$at`n$body")) | ForEach-Object { $_.ToString('x2') })
$file = [ordered]@{ kit = $config.tag; counter = $counter; at = $at; body = $body; mac = $mac }
$name = '{0}-{1:d6}.json' -f $config.tag, $counter
Write-Through "$FOLDER\outbox\$name" (ConvertTo-Json $file -Compress)
@(Get-ChildItem "$FOLDER\outbox\*.json" | Sort-Object Name -Descending | Select-Object -Skip $KEPT) | Remove-Item -Force
if ($config.drop) {
    try { $null = Invoke-WebRequest -UseBasicParsing -Method Put -Uri "$($config.drop)/$name" -InFile "$FOLDER\outbox\$name" -TimeoutSec 120 }
    catch { Write-Verbose "$_" }
}
