// The apps and filters of config.ini: WSGI-style classes whose factories the file names as `apps:Class.factory`.
import type { Conf, Environ, Filter, Header, StartResponse, WsgiApp } from 'wsgi-serve';

type Response = ReturnType<WsgiApp>;

const textPlain = (): Set<Header> => new Set([['Content-type', 'text/plain']]);

/** An app is a class; `app_factory`, called with that class as `this`, makes the function that is served. */
abstract class Application {
  abstract handle(environ: Environ, startResponse: StartResponse): Response;

  static app_factory(this: new () => Application, _globalConf: Conf, _localConf: Conf): WsgiApp {
    const app = new this();
    return app.handle.bind(app);
  }
}

export class Pub0 extends Application {
  handle(_environ: Environ, startResponse: StartResponse): Response {
    startResponse('200 OK', textPlain());
    return 'Hello from PUB0\n';
  }
}

export class Pub1 extends Application {
  handle(_environ: Environ, startResponse: StartResponse): Response {
    startResponse('200 OK', textPlain());
    return 'Hello from PUB1\n';
  }
}

/** A filter is a class over the next app; `factory` makes the function that puts it there. */
abstract class Middleware {
  readonly app: WsgiApp;

  constructor(app: WsgiApp) {
    this.app = app;
  }

  abstract handle(environ: Environ, startResponse: StartResponse): Response;

  static factory(this: new (app: WsgiApp) => Middleware, _globalConf: Conf, _localConf: Conf): Filter {
    return (app) => {
      const middleware = new this(app);
      return middleware.handle.bind(middleware);
    };
  }
}

/** Answers a POST itself and lets everything else through. */
export class PubFilter extends Middleware {
  handle(environ: Environ, startResponse: StartResponse): Response {
    if (environ.REQUEST_METHOD === 'POST') {
      startResponse('200 OK', textPlain());
      return 'Bad request\n';
    }
    return this.app(environ, startResponse);
  }
}

export class Pub2 extends Application {
  handle(_environ: Environ, startResponse: StartResponse): Response {
    startResponse('200 OK', textPlain());
    return 'Hello from PUB2\n';
  }

  static override app_factory(this: new () => Application, globalConf: Conf, localConf: Conf): WsgiApp {
    console.log('we print the parameters from ini file: %s', JSON.stringify(localConf));
    return Application.app_factory.call(this, globalConf, localConf);
  }
}

export class LogIPFilter extends Middleware {
  handle(environ: Environ, startResponse: StartResponse): Response {
    console.log('request IP is: %s', environ.REMOTE_ADDR);
    return this.app(environ, startResponse);
  }
}

export class LogMethod extends Middleware {
  handle(environ: Environ, startResponse: StartResponse): Response {
    console.log('Method is: %s', environ.REQUEST_METHOD);
    return this.app(environ, startResponse);
  }
}

export class MyHome extends Application {
  handle(_environ: Environ, startResponse: StartResponse): Response {
    startResponse('200 OK', textPlain());
    return 'Hello from MyHome\n';
  }
}

class MyHomeUse extends Application {
  handle(_environ: Environ, startResponse: StartResponse): Response {
    startResponse('200 OK', textPlain());
    return 'Hello from MyHome with USE\n';
  }
}

/** `use = call:apps:MyHome_USE` names the factory itself, as in the Python original. */
export const MyHome_USE = MyHomeUse.app_factory.bind(MyHomeUse);
