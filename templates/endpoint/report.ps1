# Laid down as C:\ProgramData\Kit\report.ps1 behind the collector; run each day by the scheduled task KitReport.
# Leaves one signed file in the outbox, and in the office's drop where there is one and it can be reached.
$FOLDER = "$env:ProgramData\Kit"
$KEPT = 14
$config = ConvertFrom-Json ([IO.File]::ReadAllText("$FOLDER\report.json"))
$counter = 1
if (Test-Path "$FOLDER\counter") { $counter = 1 + [long][IO.File]::ReadAllText("$FOLDER\counter") }
[IO.File]::WriteAllText("$FOLDER\counter", "$counter")
$body = ConvertTo-Json (Get-Collected @($config.apps)) -Depth 6 -Compress
$at = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds()
$utf8 = New-Object Text.UTF8Encoding $false
$key = New-Object byte[] ($config.key.Length / 2)
for ($n = 0; $n -lt $key.Length; $n++) { $key[$n] = [Convert]::ToByte($config.key.Substring(2 * $n, 2), 16) }
$hmac = New-Object Security.Cryptography.HMACSHA256 (, $key)
$mac = -join ($hmac.ComputeHash($utf8.GetBytes("$($config.tag)`n$counter`n$at`n$body")) | ForEach-Object { $_.ToString('x2') })
$file = [ordered]@{ kit = $config.tag; counter = $counter; at = $at; body = $body; mac = $mac }
$null = New-Item -ItemType Directory -Force -Path "$FOLDER\outbox"
$name = '{0}-{1:d6}.json' -f $config.tag, $counter
[IO.File]::WriteAllText("$FOLDER\outbox\$name.new", (ConvertTo-Json $file -Compress), $utf8)
Move-Item -Force -LiteralPath "$FOLDER\outbox\$name.new" -Destination "$FOLDER\outbox\$name"
@(Get-ChildItem "$FOLDER\outbox\*.json" | Sort-Object Name -Descending | Select-Object -Skip $KEPT) | Remove-Item -Force
if ($config.drop) {
    try { $null = Invoke-WebRequest -UseBasicParsing -Method Put -Uri "$($config.drop)/$name" -InFile "$FOLDER\outbox\$name" -TimeoutSec 120 }
    catch { Write-Verbose "$_" }
}
