# The two commands of the Makefile, for Windows:  .\make.ps1 demo   and   .\make.ps1 test
# They need Python 3.11 or newer with pip, and git; everything else is put into .venv here.
# If scripts are blocked:  powershell -ExecutionPolicy Bypass -File make.ps1 demo
param(
    [Parameter(Position = 0)][ValidateSet("demo", "test")][string]$Goal = "demo",
    [string]$Python = "python",
    [Parameter(ValueFromRemainingArguments)][string[]]$PytestFlags = @("-q")
)

$ErrorActionPreference = "Stop"
Set-Location $PSScriptRoot
$env:PIP_DISABLE_PIP_VERSION_CHECK = "1"
$env:PIP_NO_INPUT = "1"
$Venv = ".venv"
$VenvPython = Join-Path $Venv "Scripts\python.exe"

function Invoke-Program {
    $Program, $Rest = $args
    & $Program @Rest
    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }
}

function Install-Taskforce([string]$What, [string]$Stamp) {
    $StampFile = Join-Path $Venv $Stamp
    if (-not (Test-Path $VenvPython)) {
        & $Python -c "import sys; sys.exit(sys.version_info < (3, 11))"
        if ($LASTEXITCODE -ne 0) {
            Write-Error "taskforce needs Python 3.11 or newer: .\make.ps1 $Goal -Python C:\path\to\python.exe"
        }
        Invoke-Program $Python -m venv $Venv
    }
    # The stamp is written last: an installation that was cut off is done again.
    $Current = (Test-Path $StampFile) -and
        ((Get-Item $StampFile).LastWriteTime -ge (Get-Item pyproject.toml).LastWriteTime)
    if (-not $Current) {
        Write-Host "Installing into $Venv ..."
        Invoke-Program $VenvPython -m pip install --quiet --editable $What
        Set-Content -Path $StampFile -Value (Get-Date -Format o)
    }
}

switch ($Goal) {
    "demo" {
        Install-Taskforce "." ".installed"
        Invoke-Program (Join-Path $Venv "Scripts\taskforce.exe") demo
    }
    "test" {
        Install-Taskforce ".[dev]" ".installed-dev"
        Invoke-Program $VenvPython -m pytest -n 4 @PytestFlags
    }
}
