# The baseline of a Windows PC: look, apply, undo. Sent behind the collector, whose words it uses; see $TASK.
# Each setting is read, set and given back by itself; the value from before the first change is kept in
# C:\ProgramData\Kit\before.json, on the disk first, so that `undo` needs nobody's memory.
$FOLDER = "$env:ProgramData\Kit"
$BEFORE = "$FOLDER\before.json"
$BARRED = "$FOLDER\barred"
$KEYS = "$env:ProgramData\ssh\administrators_authorized_keys"
$W32TIME = 'HKLM:\SYSTEM\CurrentControlSet\Services\W32Time\Parameters'
$COMPUTER = 'HKLM:\SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName'
$REPORT = "$FOLDER\report.ps1"
$TIMER = 'KitReport'

$OURS = @('S-1-5-32-544', 'S-1-5-18', [Security.Principal.WindowsIdentity]::GetCurrent().User.Value)  # Administrators, the system, us

function Write-Whole([string]$Path, [string]$Text, [switch]$Private) {
    # Write a file whole, through to the disk, or not at all: beside its place first, and shut before it stands there.
    if (Test-Path -LiteralPath "$Path.kit-new") { Remove-Item -Force -LiteralPath "$Path.kit-new" }
    $bytes = (New-Object Text.UTF8Encoding $false).GetBytes($Text)
    $file = New-Object IO.FileStream "$Path.kit-new", 'CreateNew', 'Write', 'None'
    try { $file.Write($bytes, 0, $bytes.Length); $file.Flush($true) } finally { $file.Dispose() }
    if ($Private) { Protect-Item "$Path.kit-new" }
    if (Test-Path -LiteralPath $Path) { [IO.File]::Replace("$Path.kit-new", $Path, [NullString]::Value) }
    else { [IO.File]::Move("$Path.kit-new", $Path) }
    if ($Private) { Protect-Item $Path }
}

function Get-Owner([string]$Path) {
    (Get-Acl -LiteralPath $Path).GetOwner([Security.Principal.SecurityIdentifier]).Value
}

function Initialize-Folder {
    # Below ProgramData anybody may make folders: ours belongs to the administrators, or nothing is written there.
    if (-not (Test-Path -LiteralPath $FOLDER)) { $null = New-Item -ItemType Directory -Path $FOLDER }
    if ($OURS -notcontains (Get-Owner $FOLDER)) { throw "$FOLDER belongs to somebody else: look at it, remove it" }
    Invoke-Word icacls @($FOLDER, '/setowner', '*S-1-5-32-544')
    Invoke-Word icacls @($FOLDER, '/inheritance:r', '/grant:r', '*S-1-5-32-544:(OI)(CI)F', '*S-1-5-18:(OI)(CI)F')
    foreach ($one in @(Get-ChildItem -Force -Recurse -LiteralPath $FOLDER)) {
        if ($OURS -notcontains (Get-Owner $one.FullName)) { throw "$($one.FullName) belongs to somebody else: look at it, remove it" }
    }
}

function Read-Whole([string]$Path) {
    if (Test-Path -LiteralPath $Path) { return [IO.File]::ReadAllText($Path) }
    return ''
}

function Invoke-Word([string]$Word, [string[]]$Arguments) {
    $said = & $Word @Arguments 2>&1 | Out-String
    if ($LASTEXITCODE -ne 0) { throw "${Word}: exit $LASTEXITCODE $($said.Trim())" }
}

function Protect-Item([string]$Path) {
    # Administrators and the system only: OpenSSH takes no key file that others may write, and a key is no one else's business.
    Invoke-Word icacls @($Path, '/setowner', '*S-1-5-32-544')
    Invoke-Word icacls @($Path, '/inheritance:r', '/grant:r', '*S-1-5-32-544:F', '*S-1-5-18:F')
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
function Get-NtpRaw {
    # What was there before, as it stands: a domain's time, flags, whether the service starts by itself.
    $start = [string](Get-CimInstance Win32_Service -Filter "Name='W32Time'").StartMode
    [ordered]@{ type = [string](Get-Registry $W32TIME 'Type'); server = [string](Get-Registry $W32TIME 'NtpServer'); start = $start }
}
function Set-Ntp($Value) {
    if ($Value.type) {
        Set-ItemProperty -LiteralPath $W32TIME -Name 'Type' -Value $Value.type
        Set-ItemProperty -LiteralPath $W32TIME -Name 'NtpServer' -Value $Value.server
        Invoke-Word w32tm @('/config', '/update')
        $modes = @{ Auto = 'Automatic'; Manual = 'Manual'; Disabled = 'Disabled' }
        if ($modes[$Value.start]) { Set-Service W32Time -StartupType $modes[$Value.start] }
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
    Write-Whole $KEYS (($kept -join "`n") + "`n") -Private
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
    Write-Whole "$FOLDER\report.json" $TASK.report -Private
    Write-Whole $REPORT $TASK.report_program -Private
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
    if ((Test-Path -LiteralPath $BEFORE) -and -not $text.Trim([char]0, ' ', "`n", "`r")) { throw "$BEFORE is damaged: what was there before is lost" }
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

function Get-Earlier([string]$Path, $Value) {
    if ($Path -eq 'time.ntp') { return Get-NtpRaw }
    return $Value
}

function Invoke-Change($Wanted) {
    $running = Get-State @($Wanted.Keys)
    $kept = Get-Before
    $differs = [ordered]@{}
    foreach ($path in $Wanted.Keys) { if (-not (Get-Same $running[$path] $Wanted[$path])) { $differs[$path] = $Wanted[$path] } }
    if ($differs.Count -gt 0 -or $kept.Count -eq 0) {
        foreach ($path in $differs.Keys) { if (-not $kept.Contains($path)) { $kept[$path] = Get-Earlier $path $running[$path] } }
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

function Invoke-Alone([scriptblock]$Work) {
    # Keep every other program of the office's off this PC's settings; one that died has let go.
    $mutex = New-Object Threading.Mutex $false, 'Global\KitBaseline'
    try {
        try { $mine = $mutex.WaitOne(60000) } catch [Threading.AbandonedMutexException] { $mine = $true }
        if (-not $mine) { throw 'another program of the office is still at work here' }
        try { & $Work } finally { $mutex.ReleaseMutex() }
    } finally { $mutex.Dispose() }
}

function Get-Barred { @((Read-Whole $BARRED).Split("`n") | ForEach-Object { $_.Trim() } | Where-Object { $_ }) }

function Invoke-Verb($Wanted) {
    # A run that another one has ended changes nothing when it arrives late; settle is the look that ends it.
    if ($TASK.verb -eq 'settle') {
        $runs = @(Get-Barred | Where-Object { $_ -ne $TASK.run }) + $TASK.run
        Write-Whole $BARRED ((@($runs | Select-Object -Last 20) -join "`n") + "`n")
        return @{ changed = @(); failed = [ordered]@{} }
    }
    if (@(Get-Barred) -contains $TASK.run) {
        return @{ changed = @(); failed = [ordered]@{ run = "another run has ended $($TASK.run): nothing was changed" } }
    }
    if ($TASK.verb -eq 'apply') { return Invoke-Change $Wanted }
    return Invoke-Undo
}

$wanted = [ordered]@{}
$TASK.settings.PSObject.Properties | ForEach-Object { $wanted[$_.Name] = $_.Value }
$serial = ([string](Get-Said { (Get-CimInstance Win32_BIOS).SerialNumber })).Trim()
$filler = @($TASK.fillers) -contains $serial.ToLowerInvariant()
$done = @{ changed = @(); failed = [ordered]@{} }
if ($TASK.verb -ne 'look' -and -not $filler -and $serial -ne $TASK.serial) {
    $done.failed['identity'] = "another PC: serial $serial, recorded $($TASK.serial)"
} elseif ($TASK.verb -ne 'look') {
    try {
        Initialize-Folder
        $done = Invoke-Alone { Invoke-Verb $wanted }
    } catch { $done.failed['baseline'] = [string]$_.Exception.Message }
}
$answer = [ordered]@{ serial = $serial; changed = @($done.changed); failed = $done.failed; settings = (Get-State @($wanted.Keys)) }
if ($TASK.collect) { $answer['collected'] = Get-Collected @($TASK.apps) }
$answer['end'] = $TASK.nonce
ConvertTo-Json $answer -Depth 8 -Compress
