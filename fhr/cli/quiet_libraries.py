"""`quieten`: what the libraries of a training say of their own inner workings is silenced."""

import logging
import warnings

__all__ = ["quieten"]


def quieten() -> None:
    """Silence what other packages say of their own inner workings."""
    for message in (
        ".*does not have many workers.*",  # the windows are in memory
        ".*args parameter is intended.*",
        ".*tensorboardX.*",
        ".*`srun` command is available.*",  # one process is what was asked for
        ".*exists and is not empty.*",
        ".*LeafSpec.*",
        "Grad strides do not match.*",  # of the gradients of several processes
        ".*in eval mode at the start of training.*",  # what is frozen of a trunk
        ".*callbacks used to create the checkpoint need to be provided.*",  # ours, and what others keep is theirs
        ".*The dirpath has changed from.*",  # a fit from the checkpoint of another has a folder of its own
        ".*is smaller than the logging interval.*",  # a table and MLflow take epochs
        ".*could not find the monitored key.*",  # the end of the fit says it
        ".*SWA is currently only supported every epoch.*",  # its own schedule, after ours
        ".*configure_optimizers` will be overridden.*",  # that is what was asked for, and the run says by what
        ".*using the WeightAveraging callback, but.*",  # a test needs no more than the averaged weights
    ):
        warnings.filterwarnings("ignore", message=message)
    for name in ("pytorch_lightning", "lightning_fabric", "mlflow"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("pytorch_lightning.loggers.mlflow").setLevel(logging.ERROR)
    logging.getLogger("lightning_fabric.utilities.seed").setLevel(logging.WARNING)
