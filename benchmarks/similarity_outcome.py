"""Neighbours as a classifier, on the protocol's folds, beside the lines.

python benchmarks/similarity_outcome.py FOLDER --out DIR [--repeats 3] [--neighbours 40] [--embeddings ...]

The last window of a record, of 60 and of 20 min, among those of the training records of its fold; the distance is
fitted to these alone. The score is the share with the label among so many neighbours, each weighing as the reciprocal
of its distance. Scores of every label go to DIR/NAME.csv, which `networks.py table --out DIR` sets beside the lines.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from networks import TARGETS

from fhr.datasets import CTUUHB, FittedModel, Place, make_splits
from fhr.evaluation import cross_validate
from fhr.similarity import DISTANCES, EMBEDDINGS, LabourWindows, embedding_from


class Neighbours:
    """A maker of classifiers by neighbours."""

    def __init__(self, vectors: pd.DataFrame, embedding, distance: str, k: int) -> None:
        self.vectors, self.embedding, self.distance, self.k = vectors, embedding, distance, k

    def __call__(self, place: Place, seed: int) -> "Neighbours":
        """The classifier of one place."""
        return self

    def fit(self, place: Place, seed: int) -> FittedModel:
        """Fit the distance to the training records, and score the others among them."""
        known = [*place.partition.train, *place.partition.validation]
        train = self.vectors.loc[known].to_numpy(np.float32)
        fitted = DISTANCES[self.distance].fit(train, self.embedding)
        points, labels = fitted.scale(train), place.labels[known].to_numpy(dtype=float)

        def score(names) -> pd.Series:
            away = fitted.between(fitted.scale(self.vectors.loc[list(names)].to_numpy(np.float32)), points)
            rows = np.argsort(away, axis=1)[:, : self.k]
            weight = 1 / np.maximum(np.take_along_axis(away, rows, axis=1), 1e-6)
            return pd.Series((weight * labels[rows]).sum(axis=1) / weight.sum(axis=1), index=list(names))

        return FittedModel(score(place.partition.calibration), score(place.partition.test))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--neighbours", type=int, default=40)
    parser.add_argument("--minutes", type=float, nargs="+", default=[60, 20])
    parser.add_argument("--embeddings", nargs="+", default=sorted(EMBEDDINGS))
    parser.add_argument("--distances", nargs="+", default=["euclidean", "laplacian"])
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    database = CTUUHB(options.folder)
    splits = make_splits(database)
    for minutes in options.minutes:
        windows = LabourWindows.joined([LabourWindows.of(one, minutes=minutes) for one in database])
        for name in options.embeddings:
            embedding = embedding_from(name, minutes)
            vectors = pd.DataFrame(embedding(windows), index=database.names)
            for distance in options.distances:
                maker = Neighbours(vectors, embedding, distance, options.neighbours)
                frames, said = [], []
                for target in TARGETS:
                    given = {"target": target, "splits": splits, "repeats": options.repeats, "name": "neighbours"}
                    result = cross_validate(maker, database, **given)
                    said.append(f"{result.metrics['auroc'].value:.3f}")
                    frames.append(result.predictions.assign(target=target))
                pd.concat(frames).to_csv(options.out / f"{name}_{distance}_{minutes:g}.csv", index=False)
                print(f"{name}, {distance}, {minutes:g} min: {' / '.join(said)}", flush=True)


if __name__ == "__main__":
    main()
