"""Words of channel names: what tells channels, sensors, and what is none, this package's choice from common exports."""

import re

from .two_heart_rates import SCALP

__all__ = [
    "ALONE",
    "ANYBODYS",
    "BEDSIDE",
    "CHANNEL_NAMES",
    "CHANNEL_OF",
    "DERIVED",
    "FETUS",
    "FILLERS",
    "INTERVALS",
    "MOTHER",
    "RECORDING_NAME",
    "REMARKS",
    "SAMPLE_COUNTS",
    "SENSOR_OF",
    "SIGNALS",
    "TIME_WORDS",
    "ULTRASOUND",
]

ULTRASOUND = "ultrasound"
INTERVALS = ("rr", "fetalrr", "maternalrr")  # between beats
# In English, German, French, Spanish, Italian, Portuguese, Dutch, Czech and Polish, where a word means one channel;
# without case, accents, spaces and what joins words.
CHANNEL_NAMES = {
    "time": (
        *("t", "time", "elapsedtime", "timestamp", "timestamps", "datetime", "dateandtime", "date", "elapsed", "clock"),
        *("epoch", "epochtime", "unixtime", "posixtime", "clocktime", "timeofday", "timeelapsed"),
        *("relativetime", "recordingtime", "sampletime", "localtime"),
        *("zeit", "uhrzeit", "datum", "datumzeit", "datumuhrzeit", "zeitpunkt", "zeitstempel"),
        *("heure", "temps", "horodatage", "dateheure", "fecha", "hora", "fechahora", "fechayhora", "tiempo"),
        *("ora", "dataora", "dataeora", "tempo", "dataehora", "tijd", "tijdstip", "cas", "czas", "godzina"),
    ),
    "fhr": (
        *("fhr", "fetalheartrate", "foetalheartrate", "fetalhr", "foetalhr", "hr", "heartrate", "fhf"),
        *("cardio", "kardio"),
        *("fetaleherzfrequenz", "fotaleherzfrequenz", "foetaleherzfrequenz", "kindlicheherzfrequenz", "herzfrequenz"),
        *("rcf", "fcf", "rythmecardiaquefoetal", "frequencecardiaquefoetale", "frecuenciacardiacafetal"),
        *("frequenzacardiacafetale", "battitocardiacofetale", "bcf", "frequenciacardiacafetal"),
        *("foetalehartslag", "foetalehartfrequentie", "srdecnifrekvenceplodu", "czestoscakcjisercaplodu"),
        *INTERVALS[:2],
    ),
    "uc": (
        *("uc", "ua", "toco", "tocogram", "uterineactivity", "uterinecontraction", "uterinecontractions"),
        *("uterinepressure", "intrauterinepressure", "iup", "iupc", "contraction", "contractions", "tocodynamometer"),
        *("wehen", "wehentatigkeit", "wehentaetigkeit", "toko", "tokogramm", "uterusaktivitat", "uterusaktivitaet"),
        *("contractionsuterines", "activiteuterine", "contracciones", "contraccionesuterinas", "actividaduterina"),
        *("dinamicauterina", "contrazioni", "contrazioniuterine", "attivitauterina", "contracoes", "weeen"),
        *("contracties", "kontrakce", "deloznicinnost", "skurcze", "czynnoscskurczowa", "cu"),
    ),
    "mhr": (
        *("mhr", "maternalheartrate", "maternalhr", "maternalpulse", "mhf", "maternaleherzfrequenz"),
        *("mutterlicheherzfrequenz", "muetterlicheherzfrequenz", "mutterlicherpuls", "fcm", "poulsmaternel"),
        *("frequencecardiaquematernelle", "frecuenciacardiacamaterna", "frequenzacardiacamaterna"),
        INTERVALS[2],
    ),
    "fs": ("fs", "samplingrate", "samplingfrequency", "samplerate", "frequency"),
}
TIME_WORDS = (  # as names
    *("seconds", "milliseconds", "microseconds", "nanoseconds", "minutes", "hours", "days"),
    *("sec", "secs", "sekunden", "millisekunden", "minuten", "stunden"),
)
SAMPLE_COUNTS = ("sample", "samples", "sampleno", "samplenr", "samplenumber", "sampleindex", "sampleid", "index", "idx")
CHANNEL_OF = {name: channel for channel, names in CHANNEL_NAMES.items() for name in names}
SIGNALS = ("fhr", "uc", "mhr")
SENSORS = {
    ULTRASOUND: ("us", "doppler", "ultrasound", "transducer", "external"),
    SCALP: ("decg", "fecg", "scalp", "fse", "spiral", "internal"),
    "abdominal ECG": ("aecg", "abdominal", "nifecg"),
}
ALONE = frozenset(("us", "doppler", "ultrasound", "transducer", "decg", "scalp", "fse"))  # names of a heart rate
SENSOR_OF = {word: sensor for sensor, words in SENSORS.items() for word in words}
FILLERS = dict.fromkeys(SIGNALS, frozenset(("ctg", "signal", "value", "values", "channel", "ch", "trace", "data")))
FILLERS["uc"] |= {"external", "ext", "internal", "int", "belt"}
FILLERS["mhr"] |= {"ecg", "spo"}
REMARKS = frozenset(("raw", "original", "measured", "recorded", "roh", "brut", "unfiltered", "filtered", "smoothed"))
REMARKS |= {"clean", "cleaned", "interpolated", "resampled", "processed", "preprocessed"}  # in brackets: it stays one
MOTHER = frozenset(("mother", "mothers", "maternal", "mom", "mum", "mutter", "maternel", "maternelle", "mere"))
MOTHER |= {"materna", "materno", "madre", "mae", "mutterlich", "mutterliche", "moeder", "matka", "matki", "matky"}
FETUS = frozenset(("fetus", "foetus", "fetal", "foetal", "baby", "child", "kind", "fetale", "fotal", "fotale"))
FETUS |= {"foetale", "kindlich", "kindliche", "feto", "bebe", "plod", "plodu"}
ANYBODYS = frozenset(  # heart rates that are the child's or the mother's, as the words beside them say
    ("hr", "heartrate", "pulse", "pulserate", "puls", "pouls", "pulso", "polso", "herzfrequenz", "hartslag", "rr")
)
ANYBODYS |= {"frequencecardiaque", "frecuenciacardiaca", "frequenzacardiaca", "frequenciacardiaca", "hartfrequentie"}
# What is measured at an adult's bedside, whose monitor calls the rate of its patient a heart rate, too.
BEDSIDE = frozenset(("spo2", "sao2", "spo", "pleth", "plethysmogram", "ppg", "oximetry", "pulseox", "oxygensaturation"))
BEDSIDE |= {"nibp", "nbp", "ibp", "abp", "sbp", "dbp", "bloodpressure", "blutdruck", "cvp", "etco2", "resp"}
BEDSIDE |= {"respiration", "respiratoryrate", "respirationrate", "avr", "avl", "avf"}
DERIVED = frozenset(
    ("baseline", "mean", "average", "median", "std", "sd", "variance", "variability", "quality", "mask")
)
DERIVED |= {"confidence", "feature", "features", "statistics", "stats", "event", "events", "deceleration", "error"}
DERIVED |= {"decelerations", "acceleration", "accelerations", "annotation", "annotations", "trend", "derivative"}
# Of names without case, accents, spaces and what joins words; a plain `no` or `nr` counts rows.
RECORDING_NAME = re.compile(
    r"(?:records?|recordings?|rec|cases?|files?|filename|patients?|pat|pts?|subjects?|subj|participants?|part|births?"
    r"|labou?rs?|sessions?|segments?|episodes?|visits?|encounters?|admissions?|bab(?:y|ies)|child|infant|newborn|neonate"
    r"|f(?:o?e)tus|twins?|fall|akten?|patientin|patienten|sitzung|aufnahme|datei|dossier|fichier|paciente|caso|paziente"
    r"|pacjent|pacient)"
    r"(?:ids?|identifier|nr|no|num|number|nummer|numero|name|code|key|index|hash)?"
    r"|(?:[pus]|uu|gu|pt|cs|hadm|stay|study|studien|delivery|birth|mother|child|preg(?:nancy)?|hosp(?:ital)?|doc)?id"
    r"|name|mrn|nhs(?:no|nr|number)?|path"
)
