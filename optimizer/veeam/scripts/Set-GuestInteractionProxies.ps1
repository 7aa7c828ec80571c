#Requires -Version 5.1

<#
.SYNOPSIS
    Selects guest interaction proxies in jobs, as changes.json beside this script says.

.DESCRIPTION
    UNSUPPORTED: there is no supported cmdlet for the guest interaction proxies of a VM backup or
    replication job. This script calls internals of Veeam Backup & Replication instead
    ([Veeam.Backup.Core.CJobProxy]::Create and ::Delete, and a job's SetVssOptions), which the
    vendor does not support and may change in any build. Where the REST interface covers a job,
    use that: gip apply.

    NEVER RUN: its syntax was checked, but no PowerShell and no backup server has run it yet.
    Before you let it change all jobs
      1. take a configuration backup;
      2. run it with -WhatIf and read what it would do;
      3. let it change one job that matters little (-JobName), look at the job's Guest Processing
         step in the console, run the job, try Undo-GuestInteractionProxies.ps1 with it.

    It is not signed: read it, then sign it or Unblock-File it, as your execution policy wants.

    Run it on the backup server, as its administrator. A job is changed only if it still is as the
    plan saw it; else it is skipped with a warning. A job that is as planned already is left alone.
    What the jobs were before is added to undo.json beside this script, before the first of them
    changes; what an earlier run wrote there stays. Server names are looked up among the managed
    Windows servers, Hyper-V hosts and the backup server, job names among all jobs, whatever their
    case.

    Windows PowerShell may refuse a changes.json above 2 MB, and PowerShell before 7.5 reads a name
    that looks like a date as one. In either case nothing is changed.

.PARAMETER JobName
    Look only at the jobs of these names.

.PARAMETER ContinueOnError
    Go on with the next job after an error. Without it the first error ends the script.

.EXAMPLE
    .\Set-GuestInteractionProxies.ps1 -WhatIf

    Tells what it would change.

.EXAMPLE
    .\Set-GuestInteractionProxies.ps1 -JobName 'Test job'

    Changes one job, after asking.

.OUTPUTS
    One object for each job: Job, Result and Detail.

.LINK
    Undo-GuestInteractionProxies.ps1
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
param(
    [string[]] $JobName = @(),
    [switch] $ContinueOnError
)

Set-StrictMode -Version Latest
$ErrorActionPreference = 'Stop'

function Read-Document([string] $Path) {
    # Else some versions take texts for dates.
    $asText = @{}
    if ((Get-Command -Name ConvertFrom-Json).Parameters.ContainsKey('DateKind')) {
        $asText['DateKind'] = 'String'
    }
    $text = [System.IO.File]::ReadAllText($Path, [System.Text.Encoding]::UTF8)
    $document = ConvertFrom-Json -InputObject $text @asText
    if ($document.format -ne 1) {
        throw ('{0}: is of another version; export the plan again' -f $Path)
    }
    $document
}

function Save-Document([string] $Path, [object] $Document) {
    $text = ConvertTo-Json -InputObject $Document -Depth 10
    $scratch = $Path + '.new'
    [System.IO.File]::WriteAllText($scratch, $text, [System.Text.UTF8Encoding]::new($false))
    if (Test-Path -LiteralPath $Path) {
        # A bare null would become an empty path.
        [System.IO.File]::Replace($scratch, $Path, [NullString]::Value)
    } else {
        [System.IO.File]::Move($scratch, $Path)
    }
}

function New-State([bool] $Automatic, [object[]] $Id) {
    [pscustomobject] @{
        Automatic = $Automatic
        Id        = [string[]] @($Id | Sort-Object -Unique)
    }
}

function Format-State([object] $State) {
    '{0} {1}' -f $State.Automatic, ($State.Id -join ' ')
}

function Get-GuestProxy([object] $Job) {
    # Over nothing at all this loop does not turn; a pipeline would.
    foreach ($proxy in [Veeam.Backup.Core.CJobProxy]::GetJobProxies($Job.Id)) {
        if ([string] $proxy.Type -ceq 'EGuest') {
            $proxy
        }
    }
}

function Get-State([object] $Job) {
    $options = Get-VBRJobVSSOptions -Job $Job
    $ids = @(Get-GuestProxy -Job $Job | ForEach-Object { [string] $_.ProxyId })
    New-State -Automatic ([bool] $options.GuestProxyAutoDetect) -Id $ids
}

function Set-State([object] $Job, [object] $State) {
    # In this order the job can run at any moment: it always has a server to choose.
    $present = @(Get-GuestProxy -Job $Job)
    $presentIds = @($present | ForEach-Object { [string] $_.ProxyId })
    foreach ($id in $State.Id) {
        if ($presentIds -cnotcontains $id) {
            [void] [Veeam.Backup.Core.CJobProxy]::Create($Job.Id, [guid] $id, 'EGuest')
        }
    }
    $options = $Job.GetVssOptions()
    $options.GuestProxyAutoDetect = $State.Automatic
    [void] $Job.SetVssOptions($options)
    foreach ($proxy in $present) {
        if ($State.Id -cnotcontains [string] $proxy.ProxyId) {
            [void] [Veeam.Backup.Core.CJobProxy]::Delete($proxy.Id)
        }
    }
    if ((Format-State -State (Get-State -Job $Job)) -cne (Format-State -State $State)) {
        throw 'it does not say now what was set'
    }
}

function Get-Index([object[]] $Thing) {
    # By code: -eq and hashtables follow a language, in which some characters count for nothing.
    $byCode = [System.StringComparer]::OrdinalIgnoreCase
    $index = [System.Collections.Generic.Dictionary[string, object]]::new($byCode)
    foreach ($one in $Thing) {
        $name = [string] $one.Name
        if (-not $index.ContainsKey($name)) {
            $index.Add($name, $one)
        } elseif ($null -eq $index[$name] -or [string] $index[$name].Id -cne [string] $one.Id) {
            $index[$name] = $null
        }
    }
    $index
}

function Find-One([object] $Index, [object] $Name, [string] $What) {
    if ($Name -isnot [string]) {
        throw ('a {0} name was read as a date; use PowerShell 7.5 or later' -f $What)
    }
    if (-not $Index.ContainsKey($Name)) {
        throw ('there is no {0} {1}' -f $What, $Name)
    }
    if ($null -eq $Index[$Name]) {
        throw ('there is more than one {0} {1}' -f $What, $Name)
    }
    $Index[$Name]
}

function Get-ManagedServer {
    # A Hyper-V host may be listed twice; then its row as a Windows server counts.
    $known = @(Get-VBRServer -Type Windows) + @(Get-VBRServer -Type Local)
    $known
    foreach ($server in @(Get-VBRServer -Type HvServer)) {
        if (@($known | ForEach-Object { $_.Name }) -notcontains $server.Name) {
            $server
        }
    }
}

function Get-ServerId([object] $Index, [object[]] $Name) {
    foreach ($one in $Name) {
        [string] (Find-One -Index $Index -Name $one -What 'managed Windows server').Id
    }
}

function Test-AsSeen([object] $Present, [object[]] $Before, [object] $Index) {
    # No names before: the selection was automatic, whatever the list said beside it.
    if ($Before.Count -eq 0) {
        return $Present.Automatic
    }
    $gone = @($Before | Where-Object { -not $Index.ContainsKey([string] $_) })
    if ($gone.Count -gt 0) {
        return $false
    }
    $seen = New-State -Automatic $false -Id @(Get-ServerId -Index $Index -Name $Before)
    (Format-State -State $Present) -ceq (Format-State -State $seen)
}

function ConvertTo-Part([object] $State) {
    [ordered] @{ automatic = [bool] $State.Automatic; servers = [string[]] $State.Id }
}

function New-Entry([string] $JobName, [string] $JobId, [object] $Before, [object] $After) {
    [ordered] @{
        job    = $JobName
        id     = $JobId
        before = ConvertTo-Part -State $Before
        after  = ConvertTo-Part -State $After
    }
}

function New-Result([object] $JobName, [string] $Result, [string] $Detail) {
    [pscustomobject] @{ Job = [string] $JobName; Result = $Result; Detail = $Detail }
}

Write-Warning ('UNSUPPORTED: no supported cmdlet selects the guest interaction proxies of VM ' +
    'backup jobs. This script calls internals of the product that any build may change.')
Write-Warning ('Take a configuration backup first, use -WhatIf, and try it on one job ' +
    '(-JobName) before all.')

if ($null -eq (Get-Command -Name Get-VBRJob -ErrorAction SilentlyContinue)) {
    throw 'there is no Get-VBRJob here; run this on the backup server'
}
$document = Read-Document -Path ([System.IO.Path]::Combine($PSScriptRoot, 'changes.json'))
$undoPath = [System.IO.Path]::Combine($PSScriptRoot, 'undo.json')
$byCode = [System.StringComparer]::OrdinalIgnoreCase
$wanted = [System.Collections.Generic.HashSet[string]]::new([string[]] $JobName, $byCode)
$jobs = Get-Index -Thing @(Get-VBRJob -WarningAction SilentlyContinue)
$servers = Get-Index -Thing @(Get-ManagedServer)
$unmet = [System.Collections.Generic.HashSet[string]]::new($wanted, $byCode)
$failed = 0

# First look at every job, without changing any.
$steps = [System.Collections.Generic.List[object]]::new()
foreach ($change in $document.changes) {
    if ($wanted.Count -gt 0 -and -not $wanted.Contains([string] $change.job)) {
        continue
    }
    [void] $unmet.Remove([string] $change.job)
    try {
        $job = Find-One -Index $jobs -Name $change.job -What 'job'
        $afterIds = @(Get-ServerId -Index $servers -Name @($change.after))
        $after = New-State -Automatic ($afterIds.Count -eq 0) -Id $afterIds
        $present = Get-State -Job $job
        if ((Format-State -State $present) -ceq (Format-State -State $after)) {
            New-Result -JobName $change.job -Result 'AlreadySo' -Detail ''
            continue
        }
        if (-not (Test-AsSeen -Present $present -Before @($change.before) -Index $servers)) {
            Write-Warning ('{0}: is not as the plan saw it; skipped' -f $change.job)
            New-Result -JobName $change.job -Result 'Stale' -Detail 'import and plan again'
            continue
        }
        if ($after.Automatic) {
            $action = 'Let the product select guest interaction proxies'
        } else {
            $action = 'Select guest interaction proxies: {0}' -f (@($change.after) -join ', ')
        }
        $steps.Add([pscustomobject] @{
            Name = $change.job; Job = $job; Present = $present; After = $after
            Action = $action
        })
    } catch {
        $failed += 1
        if (-not $ContinueOnError) {
            throw ('{0}: {1}; nothing was changed' -f $change.job, $_.Exception.Message)
        }
        Write-Warning ('{0}: {1}; skipped' -f $change.job, $_.Exception.Message)
        New-Result -JobName $change.job -Result 'Failed' -Detail $_.Exception.Message
    }
}

if ($unmet.Count -gt 0) {
    throw ('changes.json has no job {0}; nothing was changed' -f (@($unmet) -join ', '))
}

if ($steps.Count -gt 0 -and -not $WhatIfPreference) {
    $entries = [System.Collections.Generic.List[object]]::new()
    if (Test-Path -LiteralPath $undoPath) {
        foreach ($entry in (Read-Document -Path $undoPath).entries) {
            $before, $after = $entry.before, $entry.after | ForEach-Object {
                New-State -Automatic $_.automatic -Id @($_.servers)
            }
            $old = New-Entry -JobName $entry.job -JobId $entry.id -Before $before -After $after
            $entries.Add($old)
        }
    }
    foreach ($step in $steps) {
        $id = [string] $step.Job.Id
        $new = New-Entry -JobName $step.Name -JobId $id -Before $step.Present -After $step.After
        $entries.Add($new)
    }
    $undo = [ordered] @{ format = 1; entries = $entries.ToArray() }
    Save-Document -Path $undoPath -Document $undo
}

foreach ($step in $steps) {
    if (-not $PSCmdlet.ShouldProcess($step.Name, $step.Action)) {
        New-Result -JobName $step.Name -Result 'NotChanged' -Detail $step.Action
        continue
    }
    try {
        # Somebody may have changed it while this script asked.
        $now = Get-State -Job $step.Job
        if ((Format-State -State $now) -cne (Format-State -State $step.Present)) {
            Write-Warning ('{0}: was changed just now by somebody else; skipped' -f $step.Name)
            New-Result -JobName $step.Name -Result 'Stale' -Detail 'import and plan again'
            continue
        }
        Set-State -Job $step.Job -State $step.After
        New-Result -JobName $step.Name -Result 'Changed' -Detail $step.Action
    } catch {
        $failed += 1
        $told = '{0}: {1}; it may be half changed: Undo-GuestInteractionProxies.ps1 -Force' -f
            $step.Name, $_.Exception.Message
        if (-not $ContinueOnError) {
            throw $told
        }
        Write-Warning $told
        New-Result -JobName $step.Name -Result 'Failed' -Detail $_.Exception.Message
    }
}
if ($failed -gt 0) {
    throw ('{0} jobs failed; see the warnings above' -f $failed)
}
