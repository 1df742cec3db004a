# What a Windows PC says of itself: one JSON object (schema 2). Windows PowerShell 5.1 of Windows 10 and 11, no module
# beside. Run by the office over SSH on standard input, or by hand: powershell -ExecutionPolicy Bypass -File windows.ps1
# It changes nothing. No word of a display language is ever read: registry, CIM and COM only.
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
[Console]::OutputEncoding = New-Object Text.UTF8Encoding $false
$SCHEMA = 2
$AUDIO = 'HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\MMDevices\Audio'
$CONSENT = 'SOFTWARE\Microsoft\Windows\CurrentVersion\CapabilityAccessManager\ConsentStore'
$UNINSTALL = 'Software\Microsoft\Windows\CurrentVersion\Uninstall'
$NAME = '{a45c254e-df1c-4efd-8020-67d146a850e0},2'
$INTERFACE = '{b3f8fa53-0004-438e-9003-51a46e139bfc},6'
$SIDES = [ordered]@{ playback = 'Render'; capture = 'Capture' }
$FLOWS = @{ playback = 0; capture = 1 }
$ROLES = [ordered]@{ console = 0; communications = 2 }

function Get-Said([scriptblock]$Block) {
    # Give what a block gives, or nothing where it fails: what cannot be read is told as null, never made up.
    try { & $Block } catch { Write-Verbose "$_" }
}

function Get-List([scriptblock]$Block) {
    # Give all that a block gives as one list, also of one or none; nothing at all where it fails.
    try { return , @(& $Block) } catch { Write-Verbose "$_" }
}

function Get-Registry([string]$Path, [string]$Name) {
    Get-Said { (Get-ItemProperty -LiteralPath $Path -Name $Name).$Name }
}

function Get-Property([string]$Id, [string]$Key) {
    Get-Said { (Get-PnpDeviceProperty -InstanceId $Id -KeyName $Key).Data }
}

function Get-Usb([string]$Id) {
    # Give the USB identity of what hangs below a USB device. A part with & is made up by Windows: no serial.
    for ($depth = 0; $depth -lt 6 -and $Id; $depth++) {
        if ($Id -match '^USB\\VID_([0-9A-Fa-f]{4})&PID_([0-9A-Fa-f]{4})\\([^\\]+)$') {
            $numbers = ('{0}:{1}' -f $Matches[1], $Matches[2]).ToLowerInvariant()
            $serial = $Matches[3]
            $synthetic = $serial.Contains('&')
            if ($synthetic) { $serial = '' }
            $paths = @(Get-Property $Id 'DEVPKEY_Device_LocationPaths')
            $product = [string](Get-Property $Id 'DEVPKEY_Device_BusReportedDeviceDesc')
            return [ordered]@{ vid_pid = $numbers; serial = $serial; port = [string]$paths[0]; product = $product; synthetic = $synthetic }
        }
        $Id = [string](Get-Property $Id 'DEVPKEY_Device_Parent')
    }
    return $null
}

function Get-Cameras {
    $all = @(Get-CimInstance Win32_PnPEntity -Filter "PNPClass='Camera' OR PNPClass='Image'")
    foreach ($one in $all) {
        if ($one.PNPClass -ne 'Camera' -and $one.Service -ne 'usbvideo') { continue }
        [ordered]@{
            name = [string]$one.Name; status = [string]$one.Status; present = [bool]$one.Present
            problem = $one.ConfigManagerErrorCode; usb = (Get-Usb $one.PNPDeviceID)
            driver = [string](Get-Property $one.PNPDeviceID 'DEVPKEY_Device_DriverVersion')
        }
    }
}

function Get-Endpoints {
    # Give every playback and recording endpoint with its raw state: 1 is active, whatever else stands in the number.
    foreach ($side in $SIDES.Keys) {
        foreach ($key in @(Get-Said { Get-ChildItem -LiteralPath "$AUDIO\$($SIDES[$side])" })) {
            $guid = $key.PSChildName
            $flow = $FLOWS[$side]
            $id = "{0.0.$flow.00000000}.$guid"
            $parent = [string](Get-Property "SWD\MMDEVAPI\$id" 'DEVPKEY_Device_Parent')
            [ordered]@{
                side = $side; id = $id; state = [long](Get-Registry $key.PSPath 'DeviceState')
                name = [string](Get-Registry "$($key.PSPath)\Properties" $NAME)
                interface = [string](Get-Registry "$($key.PSPath)\Properties" $INTERFACE); usb = (Get-Usb $parent)
                problem = (Get-Property $parent 'DEVPKEY_Device_ProblemCode')
            }
        }
    }
}

function Get-Audio($Endpoints) {
    # Give each sound device once, with what its active endpoints can do.
    $cards = [ordered]@{}
    foreach ($one in $Endpoints) {
        if ($one.state -ne 1) { continue }
        $place = $one.interface
        if ($one.usb) { $place = $one.usb.port }
        if (-not $cards.Contains($place)) {
            $cards[$place] = [ordered]@{ name = $one.interface; usb = $one.usb; capture = $false; playback = $false; problem = $one.problem }
        }
        $cards[$place][$one.side] = $true
    }
    $cards.Values
}

$CORE_AUDIO = @'
using System;
using System.Runtime.InteropServices;
namespace Kit {
    [ComImport, Guid("BCDE0395-E52F-467C-8E3D-C4579291692E")] class Enumerator { }
    [Guid("A95664D2-9614-4F35-A746-DE8DB63617E6"), InterfaceType(ComInterfaceType.InterfaceIsIUnknown)]
    interface IEnumerator {
        [PreserveSig] int EnumAudioEndpoints(int flow, int mask, out IntPtr devices);
        [PreserveSig] int GetDefaultAudioEndpoint(int flow, int role, out IDevice device);
    }
    [Guid("D666063F-1587-4E43-81F1-B948E807363F"), InterfaceType(ComInterfaceType.InterfaceIsIUnknown)]
    interface IDevice {
        [PreserveSig] int Activate(ref Guid id, int context, IntPtr parameters, [MarshalAs(UnmanagedType.IUnknown)] out object found);
        [PreserveSig] int OpenPropertyStore(int access, out IntPtr store);
        [PreserveSig] int GetId([MarshalAs(UnmanagedType.LPWStr)] out string id);
        [PreserveSig] int GetState(out int state);
    }
    [Guid("5CDF2C82-841E-4546-9722-0CF74078229A"), InterfaceType(ComInterfaceType.InterfaceIsIUnknown)]
    interface IVolume {
        int RegisterControlChangeNotify(IntPtr p); int UnregisterControlChangeNotify(IntPtr p); int GetChannelCount(out int n);
        int SetMasterVolumeLevel(float v, IntPtr c); int SetMasterVolumeLevelScalar(float v, IntPtr c);
        int GetMasterVolumeLevel(out float v); int GetMasterVolumeLevelScalar(out float v);
        int SetChannelVolumeLevel(int n, float v, IntPtr c); int SetChannelVolumeLevelScalar(int n, float v, IntPtr c);
        int GetChannelVolumeLevel(int n, out float v); int GetChannelVolumeLevelScalar(int n, out float v);
        int SetMute(bool m, IntPtr c); int GetMute(out bool m);
    }
    public static class Sound {
        public static object[] Default(int flow, int role) {
            IDevice device; string id; object found; float level = -1; bool muted = false;
            int code = ((IEnumerator)new Enumerator()).GetDefaultAudioEndpoint(flow, role, out device);
            if (code == unchecked((int)0x80070490)) return new object[0];
            Marshal.ThrowExceptionForHR(code);
            Marshal.ThrowExceptionForHR(device.GetId(out id));
            Guid volume = typeof(IVolume).GUID;
            bool told = device.Activate(ref volume, 23, IntPtr.Zero, out found) == 0;
            if (told) { ((IVolume)found).GetMasterVolumeLevelScalar(out level); ((IVolume)found).GetMute(out muted); }
            return new object[] { id, told ? (object)muted : null, told ? (int)Math.Round(level * 100) : -1 };
        }
    }
}
'@

function Get-Sound($Endpoints) {
    # Give the default devices by side and role; an empty list is none at all (0x80070490).
    Add-Type -TypeDefinition $CORE_AUDIO
    $found = [ordered]@{}
    foreach ($side in $SIDES.Keys) {
        $entries = New-Object Collections.ArrayList
        foreach ($role in $ROLES.Keys) {
            $said = @([Kit.Sound]::Default($FLOWS[$side], $ROLES[$role]))
            if ($said.Count -eq 0) { continue }
            $known = @($Endpoints | Where-Object { $_.id -eq $said[0] })
            $one = [ordered]@{ role = $role; name = ''; usb = $null; state = $null; muted = $said[1]; volume_percent = $said[2] }
            if ($known.Count -gt 0) { $one.name = $known[0].interface; $one.usb = $known[0].usb; $one.state = $known[0].state }
            [void]$entries.Add($one)
        }
        $found[$side] = @($entries)
    }
    $found
}

function Get-User {
    # Give name and hive of whoever is logged in at the desktop: the account of this check is another one.
    $name = [string](Get-Said { (Get-CimInstance Win32_ComputerSystem).UserName })
    if (-not $name) { return $null }
    $sid = Get-Said { (New-Object Security.Principal.NTAccount $name).Translate([Security.Principal.SecurityIdentifier]).Value }
    if (-not $sid) { return $null }
    [ordered]@{ name = $name; hive = "Registry::HKEY_USERS\$sid" }
}

function Get-Consent($User) {
    $found = [ordered]@{}
    foreach ($kind in 'webcam', 'microphone') {
        $levels = [ordered]@{}
        $machine = Get-Registry "HKLM:\$CONSENT\$kind" 'Value'
        if ($machine) { $levels['machine'] = [string]$machine }
        if ($User) {
            $own = Get-Registry "$($User.hive)\$CONSENT\$kind" 'Value'
            $desktop = Get-Registry "$($User.hive)\$CONSENT\$kind\NonPackaged" 'Value'
            if ($own) { $levels['user'] = [string]$own }
            if ($desktop) { $levels['desktop apps'] = [string]$desktop }
        }
        if ($levels.Count -gt 0) { $found[$kind] = $levels }
    }
    $found
}

function Get-Holders($User) {
    # Give the programs that hold the camera now: begun, and not stopped.
    if (-not $User) { return }
    foreach ($root in "$($User.hive)\$CONSENT\webcam", "$($User.hive)\$CONSENT\webcam\NonPackaged") {
        foreach ($key in @(Get-Said { Get-ChildItem -LiteralPath $root })) {
            $start = Get-Registry $key.PSPath 'LastUsedTimeStart'
            $stop = Get-Registry $key.PSPath 'LastUsedTimeStop'
            if ($start -and $null -ne $stop -and [long]$stop -eq 0) { @($key.PSChildName.Split('#'))[-1] }
        }
    }
}

function Get-Apps($User, $Wanted) {
    $roots = @("HKLM:\$UNINSTALL", 'HKLM:\Software\WOW6432Node\Microsoft\Windows\CurrentVersion\Uninstall')
    if ($User) { $roots += "$($User.hive)\$UNINSTALL" }
    foreach ($root in $roots) {
        foreach ($key in @(Get-Said { Get-ChildItem -LiteralPath $root })) {
            $name = [string](Get-Registry $key.PSPath 'DisplayName')
            if (-not $name) { continue }
            if ($Wanted.Count -gt 0 -and @($Wanted | Where-Object { $name -like $_ }).Count -eq 0) { continue }
            [ordered]@{ name = $name; version = [string](Get-Registry $key.PSPath 'DisplayVersion') }
        }
    }
}

function Get-Updates {
    # The update client's own history is on the disk: nothing is asked of the network. Installations that went well;
    # the antivirus' daily signatures (KB2267602, in every language) say nothing of the system.
    $searcher = (New-Object -ComObject Microsoft.Update.Session).CreateUpdateSearcher()
    $count = [Math]::Min($searcher.GetTotalHistoryCount(), 1000)
    if ($count -eq 0) { return $null }
    $done = @($searcher.QueryHistory(0, $count) | Where-Object { $_.ResultCode -eq 2 -and $_.Operation -eq 1 -and $_.Title -notmatch 'KB2267602' } | ForEach-Object { $_.Date })
    if ($done.Count -eq 0) { return $null }
    $newest = @($done | Sort-Object)[-1]
    [ordered]@{ newest = $newest.ToString('s', [Globalization.CultureInfo]::InvariantCulture) + '+00:00' }
}

function Get-Collected($Wanted) {
    $endpoints = Get-List { Get-Endpoints }
    $user = Get-Said { Get-User }
    $bios = Get-Said { Get-CimInstance Win32_BIOS }
    $machine = Get-Said { Get-CimInstance Win32_ComputerSystem }
    $system = Get-Said { Get-CimInstance Win32_OperatingSystem }
    $disk = Get-Said { Get-CimInstance Win32_LogicalDisk -Filter "DeviceID='$env:SystemDrive'" }
    $guard = Get-Said { Get-MpComputerStatus }
    $cards = @(Get-Said { Get-CimInstance Win32_NetworkAdapter -Filter 'PhysicalAdapter=TRUE' })
    $type = [string](Get-Registry 'HKLM:\SYSTEM\CurrentControlSet\Services\W32Time\Parameters' 'Type')
    $running = [bool](Get-Said { (Get-Service W32Time).Status -eq 'Running' })
    $cameras = Get-List { Get-Cameras }
    $audio = $null
    $sound = $null
    if ($null -ne $endpoints) {
        $audio = Get-List { Get-Audio $endpoints }
        $sound = Get-Said { Get-Sound $endpoints }
    }
    $holders = $null
    if ($user) { $holders = Get-List { Get-Holders $user } }  # whoever is logged in elsewhere tells nothing of his programs
    $apps = Get-List { Get-Apps $user $Wanted }
    if (-not $user -and @($apps).Count -eq 0) { $apps = $null }  # it may be among the user's own
    $adapters = @($cards | ForEach-Object { [ordered]@{ name = [string]$_.Name; mac = [string]$_.MACAddress; state = [string]$_.NetEnabled } })
    $macs = @($cards | Where-Object { $_.MACAddress } | ForEach-Object { $_.MACAddress.ToLowerInvariant() })
    $logon = 'none'
    if ($user) { $logon = 'desktop' } elseif (@(Get-Said { Get-Process explorer }).Count -gt 0) { $logon = 'remote' }
    $said = [ordered]@{
        schema = $SCHEMA; os = 'windows'; serial = [string]$bios.SerialNumber; vendor = [string]$machine.Manufacturer
        model = [string]$machine.Model; hostname = $env:COMPUTERNAME; system = "$($system.Caption) $($system.Version)"
        clock_s = [DateTimeOffset]::UtcNow.ToUnixTimeSeconds(); clock_synced = ($running -and $type -ne 'NoSync'); clock_source = $type
        zone = [TimeZoneInfo]::Local.Id; utc_offset_s = [int][TimeZoneInfo]::Local.GetUtcOffset([DateTime]::Now).TotalSeconds
        cameras = $cameras; audio = $audio; sound = $sound; consent = (Get-Said { Get-Consent $user })
        holders = $holders; apps = $apps; updates = (Get-Said { Get-Updates }); adapters = $adapters; macs = $macs; logon = $logon
        disk = $null; antivirus = $null
    }
    if ($disk) { $said.disk = [ordered]@{ total_mb = [long]($disk.Size / 1MB); free_mb = [long]($disk.FreeSpace / 1MB) } }
    if ($guard -and $guard.AMServiceEnabled) {  # else another antivirus guards, or none: not known here
        $said.antivirus = Get-Said { [ordered]@{ on = [bool]$guard.RealTimeProtectionEnabled; age_days = [long]$guard.AntivirusSignatureAge } }
    }
    $said
}

if (-not (Test-Path variable:TASK)) { ConvertTo-Json (Get-Collected @()) -Depth 6 -Compress }
