# SPDX-License-Identifier: BSD-3-Clause
"""Jupyter kernel of tl: passes messages between Jupyter and `tl --json` (interp/json.c says what they are)."""
import json
import os
import signal
import subprocess

from ipykernel.kernelapp import IPKernelApp
from ipykernel.kernelbase import Kernel


class TLKernel(Kernel):
    implementation = 'tl'
    implementation_version = '1'
    banner = 'tl'
    language_info = {'name': 'tl', 'mimetype': 'text/x-octave', 'file_extension': '.tl',
                     'codemirror_mode': 'octave', 'pygments_lexer': 'octave'}
    help_links = []

    def __init__(self, **kw):
        super().__init__(**kw)
        self.child = None
        self.asked = 0

    def _write(self, **request):
        self.child.stdin.write(json.dumps(request) + '\n')
        self.child.stdin.flush()

    def _ask(self, op, **fields):
        """Events up to the answer to this request; a child that has died is started anew by the next one."""
        if self.child is None or self.child.poll() is not None:
            self.child = subprocess.Popen([os.environ.get('TL', 'tl'), '--json'], stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE, encoding='utf-8', bufsize=1)
        self.asked += 1
        try:
            self._write(id=self.asked, op=op, **fields)
        except OSError:
            pass
        while True:
            try:
                line = self.child.stdout.readline()
            except KeyboardInterrupt:       # tl got the same signal: its answer comes
                continue
            if not line:
                status = self.child.wait()
                self.child = None
                yield {'ev': 'dead', 'status': status}
                return
            event = json.loads(line)
            yield event
            if event['ev'] == 'done' and event.get('id') == self.asked:
                return

    def _answer(self, op, **fields):
        last = {}
        for last in self._ask(op, **fields):
            pass
        return last

    def do_execute(self, code, silent, store_history=True, user_expressions=None, allow_stdin=False, **more):
        status = {'status': 'ok', 'payload': [], 'user_expressions': {}}

        def send(kind, content):
            if not silent:
                self.send_response(self.iopub_socket, kind, content)

        def failed(name, value, traceback):
            error = {'ename': name, 'evalue': value, 'traceback': traceback}
            status.update(status='error', **error)
            send('error', error)

        for e in self._ask('execute', code=code):
            if e['ev'] == 'stream':
                send('stream', {'name': e['name'], 'text': e['text']})
            elif e['ev'] == 'display':
                send('display_data', {'data': e['data'], 'metadata': {}})
            elif e['ev'] == 'error':
                failed(e['ename'], e['evalue'], e['traceback'])
            elif e['ev'] == 'input':
                text = self.raw_input(e['prompt']) if allow_stdin else ''
                self._write(op='input', text=text)
            elif e['ev'] == 'dead':
                how = 'signal %d' % -e['status'] if e['status'] < 0 else 'status %d' % e['status']
                text = 'tl ended with %s; its variables are gone, the next cell starts it anew' % how
                failed('tl', text, [text])
        status['execution_count'] = self.execution_count
        return status

    def do_complete(self, code, cursor_pos):
        r = self._answer('complete', code=code, pos=cursor_pos)
        return {'status': 'ok', 'matches': r.get('matches', []), 'cursor_start': r.get('start', cursor_pos),
                'cursor_end': cursor_pos, 'metadata': {}}

    def do_inspect(self, code, cursor_pos, detail_level=0, omit_sections=()):
        text = self._answer('help', code=code, pos=cursor_pos).get('text', '')
        return {'status': 'ok', 'found': bool(text), 'data': {'text/plain': text} if text else {}, 'metadata': {}}

    def do_is_complete(self, code):
        r = self._answer('is_complete', code=code)
        return {'status': r.get('state', 'unknown'), 'indent': r.get('indent', '')}

    def do_shutdown(self, restart):
        if self.child is not None and self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
        return {'status': 'ok', 'restart': restart}


if __name__ == '__main__':
    IPKernelApp.launch_instance(kernel_class=TLKernel)
