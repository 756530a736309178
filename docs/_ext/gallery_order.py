"""The order of the gallery: the quickstart and the lessons as they are read, others by name."""

FIRST = (
    "quickstart.py",
    "plot_momentum.py",
    "plot_adam_amsgrad.py",
    "plot_weight_decay.py",
    "plot_heavy_tails.py",
    "plot_perceptron.py",
    "plot_schedules.py",
    "plot_no_tuning.py",
    "plot_natural_gradient.py",
    "plot_crps.py",
    "plot_forecast.py",
    "plot_survival.py",
    "plot_lanczos.py",
    "plot_bulk_and_outliers.py",
    "plot_edge_of_stability.py",
    "plot_tiny_subspace.py",
    "plot_sgd_stability.py",
    "plot_batch_hessian.py",
    "plot_double_descent.py",
    "plot_saddle.py",
    "plot_in_context.py",
    "plot_greedy_blocks.py",
    "plot_message_passing.py",
    "plot_sinkhorn_newton.py",
    "plot_newton_sparse.py",
    "plot_choosing_reg.py",
    "plot_color_transfer.py",
    "plot_barycenters.py",
    "plot_rebasin.py",
)


class ReadingOrder:
    """Sort key of sphinx-gallery for the files of one folder."""

    def __init__(self, folder):
        self.folder = folder

    def __call__(self, filename):
        return (FIRST.index(filename) if filename in FIRST else len(FIRST), filename)

    def __repr__(self):
        return type(self).__name__
