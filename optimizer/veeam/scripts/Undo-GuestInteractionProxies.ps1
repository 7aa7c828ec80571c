#Requires -Version 5.1

<#
.SYNOPSIS
    Gives jobs back the guest interaction proxies that they had, as undo.json says.

.DESCRIPTION
    UNSUPPORTED: there is no supported cmdlet for the guest interaction proxies of a VM backup or
    replication job. This script calls internals of Veeam Backup & Replication instead
    ([Veeam.Backup.Core.CJobProxy]::Create and ::Delete, and a job's SetVssOptions), which the
    vendor does not support and may change in any build.

    NEVER RUN: its syntax was checked, but no PowerShell and no backup server has run it yet. Take
    a configuration backup first, run it with -WhatIf, and try it on one job (-JobName) before all.

    It is not signed: read it, then sign it or Unblock-File it, as your execution policy wants.

    Run it on the backup server, as its administrator. Set-GuestInteractionProxies.ps1 wrote
    undo.json beside this script. Every job in it becomes what it was before its first change
    there, if it still is as one of the changes left it; else it is skipped with a warning. A job
    that is as it was already is left alone. Jobs are found by their ids, whatever they are called
    now. undo.json stays as it is; move it away to begin a new record.

.PARAMETER JobName
    Look only at the jobs of these names, as undo.json has them.

.PARAMETER Force
    Restore jobs, too, that were changed by somebody else since, or that are half changed.

.PARAMETER ContinueOnError
    Go on with the next job after an error. Without it the first error ends the script.

.EXAMPLE
    .\Undo-GuestInteractionProxies.ps1 -WhatIf

    Tells what it would change.

.OUTPUTS
    One object for each job: Job, Result and Detail.

.LINK
    Set-GuestInteractionProxies.ps1
#>
[CmdletBinding(SupportsShouldProcess, ConfirmImpact = 'High')]
param(
    [string[]] $JobName = @(),
    [switch] $Force,
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
$document = Read-Document -Path ([System.IO.Path]::Combine($PSScriptRoot, 'undo.json'))
$byCode = [System.StringComparer]::OrdinalIgnoreCase
$wanted = [System.Collections.Generic.HashSet[string]]::new([string[]] $JobName, $byCode)
$unmet = [System.Collections.Generic.HashSet[string]]::new($wanted, $byCode)

# The first entry of a job is what it was; all of them are what this tool may have left.
$steps = [ordered] @{}
foreach ($entry in $document.entries) {
    $name, $id = [string] $entry.job, [string] $entry.id
    if ($wanted.Count -gt 0 -and -not $wanted.Contains($name)) {
        continue
    }
    [void] $unmet.Remove($name)
    $before, $after = $entry.before, $entry.after | ForEach-Object {
        New-State -Automatic $_.automatic -Id @($_.servers)
    }
    if (-not $steps.Contains($id)) {
        $steps.Add($id, [pscustomobject] @{
            Name = $name; Before = $before; Left = [System.Collections.Generic.List[string]]::new()
        })
    }
    $steps[$id].Left.Add((Format-State -State $before))
    $steps[$id].Left.Add((Format-State -State $after))
}
if ($unmet.Count -gt 0) {
    throw ('undo.json has no job {0}; nothing was changed' -f (@($unmet) -join ', '))
}

$jobs = @{}
foreach ($job in @(Get-VBRJob -WarningAction SilentlyContinue)) {
    $jobs[[string] $job.Id] = $job
}
$servers = @{}
foreach ($server in @(Get-ManagedServer)) {
    $servers[[string] $server.Id] = [string] $server.Name
}

$failed = 0
foreach ($id in @($steps.Keys)) {
    $step = $steps[$id]
    try {
        if (-not $jobs.ContainsKey($id)) {
            throw 'the job is gone'
        }
        $gone = @($step.Before.Id | Where-Object { -not $servers.ContainsKey($_) })
        if ($gone.Count -gt 0) {
            throw ('servers that it had are gone: {0}' -f ($gone -join ', '))
        }
        $present = Format-State -State (Get-State -Job $jobs[$id])
        if ($present -ceq (Format-State -State $step.Before)) {
            New-Result -JobName $step.Name -Result 'AlreadySo' -Detail ''
            continue
        }
        if (-not $Force -and -not $step.Left.Contains($present)) {
            Write-Warning ('{0}: was changed by somebody else since; skipped' -f $step.Name)
            New-Result -JobName $step.Name -Result 'Stale' -Detail '-Force restores it'
            continue
        }
        $names = @($step.Before.Id | ForEach-Object { $servers[$_] }) -join ', '
        $action = 'Restore guest interaction proxies: {0}' -f $names
        if ($step.Before.Automatic) {
            $action = 'Restore automatic selection of guest interaction proxies'
        }
        if (-not $PSCmdlet.ShouldProcess($step.Name, $action)) {
            New-Result -JobName $step.Name -Result 'NotChanged' -Detail $action
            continue
        }
        Set-State -Job $jobs[$id] -State $step.Before
        New-Result -JobName $step.Name -Result 'Changed' -Detail $action
    } catch {
        $failed += 1
        $told = '{0}: {1}' -f $step.Name, $_.Exception.Message
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
