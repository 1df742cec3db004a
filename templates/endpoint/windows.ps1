# The baseline of a Windows PC: look, apply, undo. Sent behind the collector, whose words it uses; see $TASK.
# Each setting is read, set and given back by itself; the value from before the first change is kept in
# C:\ProgramData\Kit\before.json, on the disk first, so that `undo` needs nobody's memory.
$FOLDER = "$env:ProgramData\Kit"
$BEFORE = "$FOLDER\before.json"
$KEYS = "$env:ProgramData\ssh\administrators_authorized_keys"
$W32TIME = 'HKLM:\SYSTEM\CurrentControlSet\Services\W32Time\Parameters'
$COMPUTER = 'HKLM:\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName'
$REPORT = "$FOLDER\report.ps1"
$TIMER = 'KitReport'

function Write-Whole([string]$Path, [string]$Text) {
    # Write a file whole, or not at all: beside its place first.
    $null = New-Item -ItemType Directory -Force -Path (Split-Path $Path)
    [IO.File]::WriteAllText("$Path.kit-new", $Text, (New-Object Text.UTF8Encoding $false))
    Move-Item -Force -LiteralPath "$Path.kit-new" -Destination $Path
}

function Read-Whole([string]$Path) {
    if (Test-Path -LiteralPath $Path) { return [IO.File]::ReadAllText($Path) }
    return ''
}

function Invoke-Word([string]$Word, [string[]]$Arguments) {
    $said = & $Word @Arguments 2>&1 | Out-String
    if ($LASTEXITCODE -ne 0) { throw "${Word}: exit $LASTEXITCODE $($said.Trim())" }
}

function Protect-File([string]$Path) {
    # Administrators and the system only: OpenSSH takes no key file that others may write, and a key is no one else's business.
    Invoke-Word icacls @($Path, '/inheritance:r', '/grant', '*S-1-5-32-544:F', '*S-1-5-18:F')
}

# -- the settings: how each is read, and how it is set; $null is absent --------------------------------
function Get-Hostname { [string](Get-Registry $COMPUTER 'ComputerName') }
function Set-Hostname($Value) { $null = Rename-Computer -NewName $Value -Force -WarningAction SilentlyContinue }

function Get-Zone { (Get-TimeZone).Id }
function Set-Zone($Value) { Set-TimeZone -Id $Value }

function Get-Ntp {
    if ((Get-Registry $W32TIME 'Type') -ne 'NTP') { return $null }
    return , @(@(([string](Get-Registry $W32TIME 'NtpServer')).Split(' ')) | Where-Object { $_ } | ForEach-Object { $_.Split(',')[0] })
}
function Set-Ntp($Value) {
    if ($null -eq $Value) {
        Invoke-Word w32tm @('/config', '/manualpeerlist:time.windows.com,0x9', '/syncfromflags:manual', '/update')
        return
    }
    $peers = @($Value | ForEach-Object { "$_,0x8" }) -join ' '
    Set-Service W32Time -StartupType Automatic
    Start-Service W32Time
    Invoke-Word w32tm @('/config', "/manualpeerlist:$peers", '/syncfromflags:manual', '/update')
}

function Get-Wanted { @($TASK.key.Split(' '))[0..1] -join ' ' }
function Get-Key {
    foreach ($line in @((Read-Whole $KEYS).Split("`n"))) {
        if ((@($line.Trim().Split(' '))[0..1] -join ' ') -eq (Get-Wanted)) { return Get-Wanted }
    }
    return $null
}
function Set-Key($Value) {
    $kept = @(@((Read-Whole $KEYS).Split("`n")) | ForEach-Object { $_.Trim() } | Where-Object { $_ -and ((@($_.Split(' '))[0..1] -join ' ') -ne (Get-Wanted)) })
    if ($null -ne $Value) { $kept += $TASK.key }
    Write-Whole $KEYS (($kept -join "`n") + "`n")
    Protect-File $KEYS
}

function Get-Report {
    $task = Get-Said { Get-ScheduledTask -TaskName $TIMER }
    if (-not $task -or -not (Test-Path -LiteralPath $REPORT)) { return $null }
    $bytes = (New-Object Text.UTF8Encoding $false).GetBytes((Read-Whole $REPORT) + (Read-Whole "$FOLDER\report.json"))
    return -join ([Security.Cryptography.SHA256]::Create().ComputeHash($bytes) | ForEach-Object { $_.ToString('x2') })
}
function Set-Report($Value) {
    if ($null -eq $Value) {
        if (Get-Said { Get-ScheduledTask -TaskName $TIMER }) { Unregister-ScheduledTask -TaskName $TIMER -Confirm:$false }
        foreach ($name in 'report.ps1', 'report.json', 'counter') { Remove-Item -Force -ErrorAction SilentlyContinue "$FOLDER\$name" }
        Remove-Item -Force -Recurse -ErrorAction SilentlyContinue "$FOLDER\outbox"
        return
    }
    Write-Whole "$FOLDER\report.json" $TASK.report
    Protect-File "$FOLDER\report.json"
    Write-Whole $REPORT $TASK.report_program
    $argument = "-NoProfile -NonInteractive -ExecutionPolicy Bypass -File `"$REPORT`""
    $action = New-ScheduledTaskAction -Execute 'powershell.exe' -Argument $argument
    $trigger = New-ScheduledTaskTrigger -Daily -At '10:00' -RandomDelay (New-TimeSpan -Hours 1)
    $rules = New-ScheduledTaskSettingsSet -StartWhenAvailable -AllowStartIfOnBatteries
    $null = Register-ScheduledTask -TaskName $TIMER -Action $action -Trigger $trigger -Settings $rules -User 'SYSTEM' -Force}

$SETTINGS = [ordered]@{
    'system.hostname' = @({ Get-Hostname }, { param($v) Set-Hostname $v })
    'system.timezone' = @({ Get-Zone }, { param($v) Set-Zone $v })
    'time.ntp' = @({ Get-Ntp }, { param($v) Set-Ntp $v })
    'report.program' = @({ Get-Report }, { param($v) Set-Report $v })
    'ssh.monitoring_key' = @({ Get-Key }, { param($v) Set-Key $v })
}

function Get-Same($One, $Other) {
    # Compare texts and lists; a list of one may have become a text.
    return (@($One) -join "`n") -eq (@($Other) -join "`n") -and ($null -eq $One) -eq ($null -eq $Other)
}

function Get-State($Paths) {
    $found = [ordered]@{}
    foreach ($path in $Paths) {
        if (-not $SETTINGS.Contains($path)) { continue }
        $value = Get-Said { & $SETTINGS[$path][0] }
        if ($null -ne $value) { $found[$path] = $value }
    }
    $found
}

function Get-Before {
    $found = [ordered]@{}
    $text = Read-Whole $BEFORE
    if ($text) { (ConvertFrom-Json $text).PSObject.Properties | ForEach-Object { $found[$_.Name] = $_.Value } }
    $found
}

function Set-All($Pairs) {
    # Set each; what fails does not keep the others from being set. Gives what went wrong, by path.
    $failed = [ordered]@{}
    foreach ($path in $Pairs.Keys) {
        try {
            if (-not $SETTINGS.Contains($path)) { throw 'this kind of PC has no such setting' }
            & $SETTINGS[$path][1] $Pairs[$path]
        } catch { $failed[$path] = [string]$_.Exception.Message }
    }
    $failed
}

function Invoke-Change($Wanted) {
    $running = Get-State @($Wanted.Keys)
    $kept = Get-Before
    $differs = [ordered]@{}
    foreach ($path in $Wanted.Keys) { if (-not (Get-Same $running[$path] $Wanted[$path])) { $differs[$path] = $Wanted[$path] } }
    if ($differs.Count -gt 0 -or $kept.Count -eq 0) {
        foreach ($path in $differs.Keys) { if (-not $kept.Contains($path)) { $kept[$path] = $running[$path] } }
        if (-not $kept.Contains('ssh.monitoring_key')) { $kept['ssh.monitoring_key'] = $null }
        Write-Whole $BEFORE (ConvertTo-Json $kept -Depth 4)
    }
    @{ changed = @($differs.Keys); failed = (Set-All $differs) }
}

function Invoke-Undo {
    $kept = Get-Before
    $last = 'ssh.monitoring_key'
    $order = [ordered]@{}
    foreach ($path in $kept.Keys) { if ($path -ne $last) { $order[$path] = $kept[$path] } }
    if ($kept.Contains($last)) { $order[$last] = $kept[$last] }
    $failed = Set-All $order
    $left = [ordered]@{}
    foreach ($path in $failed.Keys) { $left[$path] = $kept[$path] }
    if ($left.Count -gt 0) { Write-Whole $BEFORE (ConvertTo-Json $left -Depth 4) }
    else { Remove-Item -Recurse -Force -ErrorAction SilentlyContinue $FOLDER }
    @{ changed = @($order.Keys); failed = $failed }
}

$wanted = [ordered]@{}
$TASK.settings.PSObject.Properties | ForEach-Object { $wanted[$_.Name] = $_.Value }
$serial = [string](Get-Said { (Get-CimInstance Win32_BIOS).SerialNumber })
$filler = @($TASK.fillers) -contains $serial.Trim().ToLowerInvariant()
$done = @{ changed = @(); failed = [ordered]@{} }
if ($TASK.verb -ne 'look' -and -not $filler -and $serial -cne $TASK.serial) {
    $done.failed['identity'] = "another PC: serial $serial, recorded $($TASK.serial)"
} elseif ($TASK.verb -eq 'apply') {
    $done = Invoke-Change $wanted
} elseif ($TASK.verb -eq 'undo') {
    $done = Invoke-Undo
}
$answer = [ordered]@{ serial = $serial; changed = @($done.changed); failed = $done.failed; settings = (Get-State @($wanted.Keys)) }
if ($TASK.collect) { $answer['collected'] = Get-Collected @($TASK.apps) }
$answer['end'] = $TASK.nonce
ConvertTo-Json $answer -Depth 8 -Compress
