"""A solution, and mistakes: for each property a wrong answer that it catches."""

import numpy as np


def kaplan_meier(times, events, at):
    survival = np.ones(len(at))
    for t in np.unique(times[events == 1.0]):
        share = np.sum(events[times == t]) / np.sum(times >= t)
        survival[at >= t] *= 1.0 - share
    return survival


def exponential_of_the_hazards(times, events, at):
    survival = np.ones(len(at))
    for t in np.unique(times[events == 1.0]):
        survival[at >= t] *= np.exp(-np.sum(events[times == t]) / np.sum(times >= t))
    return survival


def censored_rows_dropped(times, events, at):
    seen = events == 1.0
    return kaplan_meier(times[seen], events[seen], at)


def before_the_event(times, events, at):
    survival = np.ones(len(at))
    for t in np.unique(times[events == 1.0]):
        share = np.sum(events[times == t]) / np.sum(times >= t)
        survival[at > t] *= 1.0 - share
    return survival


def ties_are_gone(times, events, at):
    survival = np.ones(len(at))
    for t in np.unique(times[events == 1.0]):
        d = np.sum(events[times == t])
        survival[at >= t] *= 1.0 - d / (np.sum(times > t) + d)
    return survival


def one_event_at_a_time(times, events, at):
    survival = np.ones(len(at))
    for t in np.unique(times[events == 1.0]):
        survival[at >= t] *= 1.0 - 1.0 / np.sum(times >= t)
    return survival


MISTAKES = {
    "all_seen": exponential_of_the_hazards,
    "to_the_right": censored_rows_dropped,
    "falls_at_the_event": before_the_event,
    "ties": ties_are_gone,
    "rows": one_event_at_a_time,
}
