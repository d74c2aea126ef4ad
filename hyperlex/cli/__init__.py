"""The command line: one small file per verb, the same words as the public door.

    hyperlex demo | analyze | train | extend | encode | decode | explain | doctor

Starting it loads typer and nothing heavier; each verb imports what it needs when it runs.
"""

from hyperlex.cli.app import app as app
from hyperlex.cli.app import main as main
